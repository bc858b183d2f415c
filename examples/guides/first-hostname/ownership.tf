# Makes ESA look for the record until it is found.
resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.shop.id
  wait_for    = "ownership"
}

# The record for the certificate. ESA returns it once ownership is verified.
output "certificate_record" {
  value = {
    name  = esa_custom_hostname_validation.owner.cert_txt_key
    value = esa_custom_hostname_validation.owner.cert_txt_value
  }
}
