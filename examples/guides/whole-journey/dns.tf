locals {
  zone = "customer-a.com"
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

# The record for the certificate.
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

# Routes traffic to ESA, once the certificate is in use.
resource "alicloud_alidns_record" "shop" {
  domain_name = local.zone
  rr          = provider::esa::relative_name(esa_custom_hostname.shop.hostname, local.zone)
  type        = "CNAME"
  value       = local.target
  depends_on  = [esa_custom_hostname_validation.certificate]
}

output "certificate_status" {
  value = esa_custom_hostname_validation.certificate.cert_status
}
