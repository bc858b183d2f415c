terraform {
  required_providers {
    alicloud = {
      source = "aliyun/alicloud"
    }
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

data "esa_site" "saas" {
  site_id = var.site_id
}

data "esa_record" "origin" {
  record_id = var.record_id
}

locals {
  zone = "customer-a.com"

  # With CNAME access, customers point at a name of ESA's own; with NS access, at the record itself.
  cname_target = data.esa_site.saas.access_type == "CNAME" ? data.esa_record.origin.record_cname : data.esa_record.origin.record_name
}

resource "esa_custom_hostname" "shop" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# The record that verifies ownership.
resource "alicloud_alidns_record" "owner" {
  domain_name = local.zone
  rr          = provider::esa::relative_name(esa_custom_hostname.shop.verify_host, local.zone)
  type        = "TXT"
  value       = esa_custom_hostname.shop.verify_code
}

resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.shop.id
  wait_for    = "ownership"
  depends_on  = [alicloud_alidns_record.owner]
}

# The record for the certificate. ESA returns it once ownership is verified.
resource "alicloud_alidns_record" "certificate" {
  domain_name = local.zone
  rr          = provider::esa::relative_name(esa_custom_hostname_validation.owner.cert_txt_key, local.zone)
  type        = "TXT"
  value       = esa_custom_hostname_validation.owner.cert_txt_value
}

resource "esa_custom_hostname_validation" "certificate" {
  hostname_id = esa_custom_hostname.shop.id
  depends_on  = [alicloud_alidns_record.certificate]
}

# Routes traffic to ESA, as the last step.
resource "alicloud_alidns_record" "shop" {
  domain_name = local.zone
  rr          = provider::esa::relative_name(esa_custom_hostname.shop.hostname, local.zone)
  type        = "CNAME"
  value       = local.cname_target
  depends_on  = [esa_custom_hostname_validation.certificate]
}
