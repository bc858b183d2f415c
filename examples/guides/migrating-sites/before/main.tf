terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

locals {
  tenants = { for row in csvdecode(file("${path.module}/all.csv")) : row.hostname => row }
}

data "esa_site" "saas" {
  for_each  = toset([for tenant in local.tenants : tenant.site])
  site_name = each.key
}

data "esa_record" "origin" {
  for_each    = { for tenant in local.tenants : tenant.record => tenant.site... }
  site_id     = data.esa_site.saas[each.value[0]].id
  record_name = each.key
}

resource "esa_custom_hostname" "tenant" {
  for_each  = local.tenants
  site_id   = data.esa_site.saas[each.value.site].id
  record_id = data.esa_record.origin[each.value.record].id
  hostname  = each.key
  ssl_flag  = "on"
  cert_type = "free"
}
