terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# Credentials come from the environment, a profile, a role and so on, under the same names as in the alicloud provider. If that
# one works with an empty block, so does this one.
provider "esa" {}
