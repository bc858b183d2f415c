variable "site_id" {
  type = string
}

data "esa_record" "origin" {
  site_id     = var.site_id
  record_name = "origin.example.com"
}

output "record_id" {
  value = data.esa_record.origin.id
}
