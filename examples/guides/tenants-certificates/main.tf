terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# The keys by hostname: a secret of the pipeline, such as TF_VAR_private_keys, and never a file in the repository.
variable "private_keys" {
  type      = map(string)
  ephemeral = true
  default   = {} # a plan that sends no certificate needs no key
}

locals {
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
  for_each       = local.tenants
  site_id        = data.esa_site.saas.id
  record_id      = data.esa_record.origin[each.value.record].id
  hostname       = each.key
  ssl_flag       = "on"
  cert_type      = each.value.certificate == "" ? "free" : "upload"
  certificate    = each.value.certificate == "" ? null : file("${path.module}/${each.value.certificate}")
  private_key_wo = each.value.certificate == "" ? null : lookup(var.private_keys, each.key, null)
}
