output "dns_records" {
  description = "Records that each tenant has to publish, by tenant."
  value       = { for name, tenant in module.tenant : name => tenant.dns_records }

  precondition {
    condition     = length(local.misspelt) == 0
    error_message = "Unknown settings in ${var.tenants}: ${join(", ", local.misspelt)}. A tenant has record and hostnames; a hostname has certificate and published."
  }

  precondition {
    condition     = length(local.twice) == 0
    error_message = "In more than one file of ${var.tenants}: ${join(", ", local.twice)}. A hostname belongs to one tenant."
  }
}

output "hostnames" {
  description = "Id and status of each hostname, by tenant."
  value       = { for name, tenant in module.tenant : name => tenant.hostnames }
}
