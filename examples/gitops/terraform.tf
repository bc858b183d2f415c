terraform {
  required_version = ">= 1.11, < 2.0"

  required_providers {
    esa = {
      source  = "esa-provider/esa"
      version = "< 0.2.0" # the lock file says which; 0.0.x is what make install builds
    }
  }

  # State goes where all pipelines find it, and where it is locked: uncomment one of these, or your own. Without one it is
  # a file in this folder, which is enough to try this repository out.
  #
  # backend "http" {} # GitLab keeps it; .gitlab-ci.yml gives the address
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
