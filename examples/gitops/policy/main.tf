# What a plan must not do. It reads the JSON of "terraform show -json", needs nothing but Terraform or OpenTofu, and fails
# with all that it refuses. ci/plan.sh runs it on every plan.

terraform {
  required_version = ">= 1.11"

  required_providers {
    esa = {
      source = "esa-provider/esa"
    }
  }
}

variable "plan" {
  description = "Path of the plan in JSON."
  type        = string
}

variable "allowed" {
  description = "Path of the file with what is allowed all the same."
  type        = string
  default     = "allowed.yaml"
}

variable "days" {
  description = "How many days an uploaded certificate is good for at least, when it is uploaded."
  type        = number
  default     = 30
}

locals {
  changes = [for change in try(jsondecode(file(var.plan)).resource_changes, []) : change
  if change.mode == "managed" && change.type == "esa_custom_hostname"]
  allowed = yamldecode(file(var.allowed))

  destroyed = [for change in local.changes : change.change.before.hostname if contains(change.change.actions, "delete")]
  written   = [for change in local.changes : change if length(setintersection(change.change.actions, ["create", "update"])) > 0]

  # Only new certificates: one that runs out must not stop everybody's other changes.
  uploads = { for change in local.written : change.change.after.hostname => provider::esa::parse_certificate(change.change.after.certificate).not_after
  if try(change.change.after.certificate, null) != null && try(change.change.before.certificate, null) != try(change.change.after.certificate, null) }

  refused_destroys = sort(setsubtract(local.destroyed, local.allowed.destroy))
  refused_uploads  = sort([for name, not_after in local.uploads : "${name} (until ${not_after})" if timecmp(not_after, timeadd(plantimestamp(), "${var.days * 24}h")) < 0])
  refused_keys     = sort([for change in local.written : change.change.after.hostname if try(change.change.after.private_key, null) != null])
}

output "destroyed" {
  description = "The hostnames that the plan destroys, or destroys and creates anew."
  value       = local.destroyed

  precondition {
    condition     = length(local.refused_destroys) == 0
    error_message = "The plan destroys ${join(", ", local.refused_destroys)}. Their traffic ends with that. If it is meant, add them to destroy in policy/allowed.yaml."
  }
}

output "uploads" {
  description = "The certificates that the plan uploads, and how long they are good."
  value       = local.uploads

  precondition {
    condition     = length(local.refused_uploads) == 0
    error_message = "These certificates are good for less than ${var.days} days: ${join(", ", local.refused_uploads)}. Upload newer ones."
  }

  precondition {
    condition     = length(local.refused_keys) == 0
    error_message = "private_key is kept in the state of ${join(", ", local.refused_keys)}. Use private_key_wo."
  }
}
