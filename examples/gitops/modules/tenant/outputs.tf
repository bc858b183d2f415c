output "dns_records" {
  description = "What the tenant publishes: TXT proves the ownership, CNAME brings the traffic, and with it a free certificate."
  value = flatten([for name, hostname in esa_custom_hostname.this : [
    { name = hostname.verify_host, type = "TXT", value = hostname.verify_code },
    { name = name, type = "CNAME", value = hostname.record_name },
  ]])
}

output "hostnames" {
  description = "State of each hostname and of its certificate."
  value = { for name, hostname in esa_custom_hostname.this : name => {
    id          = hostname.id
    status      = try(esa_custom_hostname_validation.this[name].status, hostname.status)
    cert_status = hostname.cert_status
  } }
}
