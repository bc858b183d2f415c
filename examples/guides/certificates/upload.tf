variable "site_id" {
  type = string
}

variable "record_id" {
  type = string
}

# Ephemeral: the key is stored in neither plan nor state. An ephemeral resource, such as one that reads a secret store, works
# too.
variable "private_key" {
  type      = string
  ephemeral = true
  default   = null # a plan that sends no certificate needs no key
}

resource "esa_custom_hostname" "shop" {
  site_id        = var.site_id
  record_id      = var.record_id
  hostname       = "app.customer-b.com"
  ssl_flag       = "on"
  cert_type      = "upload"
  certificate    = file("${path.module}/app.customer-b.com.pem") # leaf first, then its intermediates
  private_key_wo = var.private_key
}
