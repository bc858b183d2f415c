resource "esa_custom_hostname" "off" {
  site_id   = "4042843419650112"
  record_id = "4042843419650113"
  hostname  = "off.customer.com"
  ssl_flag  = "off"
}

resource "esa_custom_hostname" "free" {
  site_id                   = "4042843419650112"
  record_id                 = "4042843419650113"
  hostname                  = "free.customer.com"
  ssl_flag                  = "on"
  cert_type                 = "free"
  certificate_apply_trigger = "1"
}

resource "esa_custom_hostname" "upload" {
  site_id     = "4042843419650112"
  record_id   = "4042843419650113"
  hostname    = "upload.customer.com"
  ssl_flag    = "on"
  cert_type   = "upload"
  certificate = file("${path.module}/certificate.pem")
}

resource "esa_custom_hostname" "cas" {
  site_id   = "4042843419650112"
  record_id = "4042843419650114"
  hostname  = "cas.customer.com"
  ssl_flag  = "on"
  cert_type = "cas"
  cas_id    = "30000501"

  timeouts {
    create = "30m"
    delete = "5m"
  }
}

resource "esa_custom_hostname_validation" "free" {
  hostname_id = esa_custom_hostname.free.id
  wait_for    = "ownership"

  timeouts {
    create = "1h"
  }
}
