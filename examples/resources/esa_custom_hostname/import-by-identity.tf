import {
  to = esa_custom_hostname.free
  identity = {
    site_id  = "890601022130656"
    hostname = "shop.customer-a.com"
  }
}
