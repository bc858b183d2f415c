locals {
  # The jobs that plan must not have private keys. A missing key is unknown in a plan, like timestamp(). In the apply it is null,
  # and a certificate that would be sent is refused.
  key_of_apply = timestamp() == "" ? "" : null
}

resource "esa_custom_hostname" "this" {
  for_each = var.hostnames

  site_id        = var.site_id
  record_id      = var.record_id
  hostname       = each.key
  ssl_flag       = each.value.certificate == "none" ? "off" : "on"
  cert_type      = each.value.certificate == "none" ? null : each.value.certificate
  certificate    = each.value.certificate == "upload" ? file("${var.certificates}/${each.key}.pem") : null
  private_key_wo = each.value.certificate == "upload" ? lookup(var.private_keys, each.key, local.key_of_apply) : null

  timeouts {
    create = "5h" # ESA allows 100 creates an hour
  }
}

# Only for tenants who have published their record: an apply must not wait for people.
resource "esa_custom_hostname_validation" "this" {
  for_each = toset([for name, hostname in var.hostnames : name if hostname.published])

  hostname_id = esa_custom_hostname.this[each.key].id
  wait_for    = "ownership"

  timeouts {
    create = "10m"
  }
}
