terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

locals {
  # Keyed by name, so that adding or removing a line touches no other tenant.
  tenants = { for row in csvdecode(file("${path.module}/tenants.csv")) : row.hostname => row }
}

data "esa_site" "saas" {
  site_name = "example.com"
}

data "esa_record" "origin" {
  for_each    = toset([for tenant in local.tenants : tenant.record])
  site_id     = data.esa_site.saas.id
  record_name = each.key
}

resource "esa_custom_hostname" "tenant" {
  for_each  = local.tenants
  site_id   = data.esa_site.saas.id
  record_id = data.esa_record.origin[each.value.record].id
  hostname  = each.key
  ssl_flag  = "on"
  cert_type = "free"

  timeouts {
    create = "8h" # 100 creates an hour
  }
}

# The records to publish.
output "records" {
  value = [for name, tenant in esa_custom_hostname.tenant : { name = tenant.verify_host, type = "TXT", value = tenant.verify_code }]
}
