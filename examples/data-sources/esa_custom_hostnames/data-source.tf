variable "site_id" {
  type = string
}

data "esa_custom_hostnames" "broken" {
  site_id     = var.site_id
  cert_status = ["ApplyFailed", "Expiring", "Expired"]
}

check "certificates" {
  assert {
    condition     = length(data.esa_custom_hostnames.broken.hostnames) == 0
    error_message = "Certificates need attention: ${join(", ", data.esa_custom_hostnames.broken.hostnames[*].hostname)}."
  }
}
