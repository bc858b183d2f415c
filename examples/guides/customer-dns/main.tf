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

variable "record_id" {
  type = string
}

variable "hostnames" {
  description = "The customers' domains."
  type        = set(string)
}

variable "published" {
  description = "The domains whose owners have published the records."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.published, var.hostnames)) == 0
    error_message = "Not in hostnames: ${join(", ", setsubtract(var.published, var.hostnames))}."
  }
}

data "esa_site" "saas" {
  site_id = var.site_id
}

data "esa_record" "origin" {
  record_id = var.record_id
}

locals {
  # With CNAME access, customers point at a name of ESA's own; with NS access, at the record itself.
  cname_target = data.esa_site.saas.access_type == "CNAME" ? data.esa_record.origin.record_cname : data.esa_record.origin.record_name
}

resource "esa_custom_hostname" "customer" {
  for_each  = var.hostnames
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = each.key
  ssl_flag  = "on"
  cert_type = "free"
}

resource "esa_custom_hostname_validation" "customer" {
  for_each    = var.published
  hostname_id = esa_custom_hostname.customer[each.key].id

  timeouts {
    create = "30m"
  }
}

# The records to send to each customer.
output "records" {
  value = {
    for name, hostname in esa_custom_hostname.customer : name => [
      { purpose = "ownership", type = "TXT", name = hostname.verify_host, value = hostname.verify_code },
      { purpose = "traffic, and with it the certificate", type = "CNAME", name = name, value = local.cname_target },
    ]
  }
}

output "status" {
  # The validation has the status after its wait; the resource still has the earlier one.
  value = { for name, hostname in esa_custom_hostname.customer : name => try(esa_custom_hostname_validation.customer[name].status, hostname.status) }
}
