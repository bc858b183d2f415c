terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}
