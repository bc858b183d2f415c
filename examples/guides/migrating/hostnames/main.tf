terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

variable "site_id" {
  type = string
}

locals {
  hostnames = jsondecode(file("${path.module}/hostnames.json"))
}

resource "esa_custom_hostname" "tenant" {
  for_each    = local.hostnames
  site_id     = var.site_id
  record_id   = each.value.record_id
  hostname    = each.key
  ssl_flag    = each.value.ssl_flag
  cert_type   = each.value.cert_type
  certificate = each.value.certificate
  cas_id      = each.value.cas_id
}
