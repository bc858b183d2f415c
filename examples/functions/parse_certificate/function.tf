terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

locals {
  certificate = provider::esa::parse_certificate(file("${path.module}/app.customer-b.com.pem"))
}

# Warns in every plan from 30 days before the certificate expires.
check "certificate" {
  assert {
    condition     = timecmp(timeadd(plantimestamp(), "720h"), local.certificate.not_after) < 0
    error_message = "The certificate of ${join(", ", local.certificate.dns_names)} expires at ${local.certificate.not_after}."
  }
}

output "certificate" {
  value = local.certificate
}
