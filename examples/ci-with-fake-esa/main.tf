terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = "< 0.2.0"
    }
  }
}

variable "hostnames" {
  description = "Customers' domains, each with the name of the record that serves it."
  type        = map(string)
}

data "esa_site" "this" {
  site_name = "example.com"
}

data "esa_record" "this" {
  for_each = toset(values(var.hostnames))

  site_id     = data.esa_site.this.id
  record_name = each.key
}

resource "esa_custom_hostname" "this" {
  for_each = var.hostnames

  site_id   = data.esa_site.this.id
  record_id = data.esa_record.this[each.value].id
  hostname  = each.key
  ssl_flag  = "on"
  cert_type = "free"
}

resource "esa_custom_hostname_validation" "this" {
  for_each = var.hostnames

  hostname_id = esa_custom_hostname.this[each.key].id
}
