variable "site_id" {
  description = "Id of the site."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site."
  type        = string
}

resource "esa_custom_hostname" "shop" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# Waits until the owner has published the TXT record verify_host with the content verify_code. If the record is in the same
# configuration, add depends_on = [alicloud_alidns_record.owner].
resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.shop.id
  wait_for    = "ownership"

  timeouts {
    create = "24h"
  }
}

# Waits for the certificate. ESA issues it once the TXT record cert_txt_key with the content cert_txt_value is published, or once
# the domain is served through ESA.
resource "esa_custom_hostname_validation" "certificate" {
  hostname_id = esa_custom_hostname_validation.owner.hostname_id
}

output "dns_for_the_certificate" {
  value = {
    name  = esa_custom_hostname_validation.owner.cert_txt_key
    value = esa_custom_hostname_validation.owner.cert_txt_value
  }
}
