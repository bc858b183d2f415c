import {
  to = esa_custom_hostname.free
  id = "890601022130656/shop.customer-a.com"
}
