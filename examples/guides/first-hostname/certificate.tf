# Waits until the certificate is in use.
resource "esa_custom_hostname_validation" "certificate" {
  hostname_id = esa_custom_hostname_validation.owner.hostname_id
}

output "certificate_status" {
  value = esa_custom_hostname_validation.certificate.cert_status
}
