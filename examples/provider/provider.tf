terraform {
  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

# Credentials come from the environment, a profile, a role and so on, under the names that the alicloud provider uses:
# where that one works with an empty block, so does this one.
provider "esa" {}
