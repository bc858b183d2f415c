variable "site_id" {
  description = "Id of the site, for example alicloud_esa_site.saas.id."
  type        = string
}

variable "record_id" {
  description = "Id of a proxied record of the site, for example alicloud_esa_record.origin.id."
  type        = string
}

variable "private_key" {
  description = "Private key of app.customer-b.com, PEM."
  type        = string
  ephemeral   = true
}

# A free certificate, issued and renewed by ESA.
resource "esa_custom_hostname" "free" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# A certificate of the customer's own. The key goes to ESA, and into neither plan nor state.
# A new certificate file is sent in place, together with the key.
resource "esa_custom_hostname" "uploaded" {
  site_id        = var.site_id
  record_id      = var.record_id
  hostname       = "app.customer-b.com"
  ssl_flag       = "on"
  cert_type      = "upload"
  certificate    = file("${path.module}/app.customer-b.com.pem")
  private_key_wo = var.private_key
}

# A certificate from SSL Certificates Service.
resource "esa_custom_hostname" "cas" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "www.customer-c.com"
  ssl_flag  = "on"
  cert_type = "cas"
  cas_id    = "30000478"
}

# No HTTPS.
resource "esa_custom_hostname" "plain" {
  site_id   = var.site_id
  record_id = var.record_id
  hostname  = "static.customer-d.com"
  ssl_flag  = "off"
}

# What the customer publishes: the TXT record proves that the domain is theirs, the CNAME brings the traffic.
output "dns_for_customer_a" {
  value = {
    txt   = { name = esa_custom_hostname.free.verify_host, value = esa_custom_hostname.free.verify_code }
    cname = { name = esa_custom_hostname.free.hostname, value = esa_custom_hostname.free.record_name }
  }
}
