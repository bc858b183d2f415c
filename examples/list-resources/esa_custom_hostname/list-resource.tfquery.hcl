variable "site_id" {
  type = string
}

# The hostnames of one site that are in service.
list "esa_custom_hostname" "active" {
  provider = esa
  limit    = 1000

  config {
    site_id = var.site_id
    status  = "active"
  }
}
