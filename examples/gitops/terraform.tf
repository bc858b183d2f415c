terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = "< 0.2.0" # the lock file pins it; make install builds 0.0.x
    }
  }

  # Keep the state where all pipelines find it, and where it is locked: uncomment one of these, or add your own. Without a backend
  # it is a file in this folder, which is enough to try this repository out.
  #
  # backend "http" {} # GitLab stores it; .gitlab-ci.yml has the address
  #
  # backend "oss" {
  #   bucket              = "my-company-state"
  #   prefix              = "custom-hostnames"
  #   region              = "cn-hangzhou"
  #   encrypt             = true
  #   tablestore_endpoint = "https://my-locks.cn-hangzhou.ots.aliyuncs.com"
  #   tablestore_table    = "state_locks"
  # }
}
