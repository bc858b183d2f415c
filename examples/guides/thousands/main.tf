terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# This job's share of the calls that the account may make.
variable "requests_per_second" {
  type    = number
  default = 20
}

# Only needed with a folder for each site instead of a workspace.
variable "site" {
  type    = string
  default = null
}

provider "esa" {
  requests_per_second = var.requests_per_second
}

locals {
  # One workspace for each site, and so one state and one lock.
  site    = coalesce(var.site, terraform.workspace)
  tenants = { for row in csvdecode(file("${path.module}/${local.site}.csv")) : row.hostname => row }
}

data "esa_site" "saas" {
  site_name = local.site
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
