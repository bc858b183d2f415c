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

data "esa_custom_hostnames" "there" {
  site_id = var.site_id
}

locals {
  there = { for h in data.esa_custom_hostnames.there.hostnames : h.hostname => h }
}

# Lists have no certificates: hostnames with an uploaded one, or one of SSL Certificates Service, are read one by one.
data "esa_custom_hostname" "own" {
  for_each    = { for name, h in local.there : name => h.id if h.ssl_flag == "on" && h.cert_type != "free" }
  hostname_id = each.value
}

output "hostnames" {
  value = { for name, h in local.there : name => {
    id          = h.id
    record_id   = h.record_id
    ssl_flag    = h.ssl_flag
    cert_type   = h.ssl_flag == "on" ? h.cert_type : null
    certificate = h.cert_type == "upload" ? try(data.esa_custom_hostname.own[name].certificate, null) : null
    cas_id      = h.cert_type == "cas" ? try(data.esa_custom_hostname.own[name].cas_id, null) : null
  } }
}
