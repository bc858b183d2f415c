data "esa_site" "saas" {
  site_name = "example.com"
}

data "esa_record" "origin" {
  site_id     = data.esa_site.saas.id
  record_name = "origin.example.com"
}

resource "esa_custom_hostname" "shop" {
  site_id   = data.esa_site.saas.id
  record_id = data.esa_record.origin.id
  hostname  = "shop.customer-a.com"
  ssl_flag  = "on"
  cert_type = "free"
}

# With CNAME access, customers point at a name of ESA's own; with NS access, at the record itself.
output "traffic_record" {
  value = {
    name  = esa_custom_hostname.shop.hostname
    type  = "CNAME"
    value = data.esa_site.saas.access_type == "CNAME" ? data.esa_record.origin.record_cname : data.esa_record.origin.record_name
  }
}
