data "esa_site" "saas" {
  site_name = "example.com"
}

output "site_id" {
  value = data.esa_site.saas.id
}
