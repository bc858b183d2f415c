output "dns_records" {
  description = "What the tenant publishes: TXT proves the ownership, CNAME brings the traffic, and with it a free certificate."
  value = flatten([for name, hostname in esa_custom_hostname.this : [
    { name = hostname.verify_host, type = "TXT", value = hostname.verify_code },
    { name = name, type = "CNAME", value = var.cname_target },
  ]])
}

output "hostnames" {
  description = "Id and status of each hostname. What changes by itself, as a certificate that is renewed, would be a change in plans."
  value = { for name, hostname in esa_custom_hostname.this : name => {
    id     = hostname.id
    status = try(esa_custom_hostname_validation.this[name].status, hostname.status)
  } }
}
