import {
  to = esa_custom_hostname.free
  id = "4042843419650112/shop.customer-a.com"
}
