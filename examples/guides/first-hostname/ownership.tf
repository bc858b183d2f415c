# Makes ESA look for the record until it is there.
resource "esa_custom_hostname_validation" "owner" {
  hostname_id = esa_custom_hostname.shop.id
  wait_for    = "ownership"
}

# By this record the certificate is issued. ESA says it once the ownership is proved.
output "certificate_record" {
  value = {
    name  = esa_custom_hostname_validation.owner.cert_txt_key
    value = esa_custom_hostname_validation.owner.cert_txt_value
  }
}
