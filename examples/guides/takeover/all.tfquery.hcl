variable "site_id" {
  type = string
}

list "esa_custom_hostname" "all" {
  provider = esa
  limit    = 5000

  config {
    site_id = var.site_id
  }
}
