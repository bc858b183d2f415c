# Your service, from which ESA fetches the content.
resource "alicloud_esa_record" "origin" {
  site_id     = alicloud_esa_site.saas.id
  record_name = "origin.example.com"
  record_type = "CNAME"
  source_type = "Domain"
  biz_name    = "web"
  proxied     = true # only proxied records can serve customers' domains

  data {
    value = "service.example.net"
  }

  lifecycle {
    precondition {
      condition     = data.esa_site.saas.status == "active"
      error_message = "The site is ${data.esa_site.saas.status}. Activate it first, and apply again."
    }
  }
}

data "esa_record" "origin" {
  record_id = alicloud_esa_record.origin.id
}

locals {
  # Target of a customer's CNAME record.
  target = var.access_type == "CNAME" ? data.esa_record.origin.record_cname : data.esa_record.origin.record_name
}

# The customer's domain.
resource "esa_custom_hostname" "shop" {
  site_id   = alicloud_esa_site.saas.id
  record_id = alicloud_esa_record.origin.id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

output "records" {
  value = [
    { name = esa_custom_hostname.shop.verify_host, type = "TXT", value = esa_custom_hostname.shop.verify_code },
    { name = esa_custom_hostname.shop.hostname, type = "CNAME", value = local.target },
  ]
}
