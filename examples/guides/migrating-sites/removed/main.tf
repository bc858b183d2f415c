terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

removed {
  from = esa_custom_hostname.tenant

  lifecycle {
    destroy = false
  }
}
