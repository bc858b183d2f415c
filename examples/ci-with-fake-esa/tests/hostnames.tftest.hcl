run "hostnames_get_their_certificates" {
  variables {
    hostnames = {
      "shop.customer-a.com" = "origin.example.com"
      "www.customer-b.com"  = "origin2.example.com"
    }
  }

  assert {
    condition     = alltrue([for validation in esa_custom_hostname_validation.this : validation.status == "active"])
    error_message = "A hostname is not active."
  }
}
