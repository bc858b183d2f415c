output "dns_records" {
  description = "Records that the tenant publishes: TXT verifies ownership, CNAME routes traffic to ESA and gets a free certificate."
  value = flatten([for name, hostname in esa_custom_hostname.this : [
    { name = hostname.verify_host, type = "TXT", value = hostname.verify_code },
    { name = name, type = "CNAME", value = var.cname_target },
  ]])
}

output "hostnames" {
  description = "Id and status of each hostname. A value that changes by itself, such as the date of a renewed certificate, would be a change in plans."
  value = { for name, hostname in esa_custom_hostname.this : name => {
    id     = hostname.id
    status = try(esa_custom_hostname_validation.this[name].status, hostname.status)
  } }
}
