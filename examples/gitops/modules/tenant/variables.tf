variable "site_id" {
  description = "Id of the ESA site."
  type        = string
}

variable "record_id" {
  description = "Id of the site's record that serves the tenant."
  type        = string
}

variable "cname_target" {
  description = "Target of the tenant's CNAME records."
  type        = string
}

variable "hostnames" {
  description = "The tenant's domains. certificate is free, upload or none; published means that the tenant has published the TXT record."
  type = map(object({
    certificate = optional(string, "free")
    published   = optional(bool, false)
  }))

  validation {
    condition     = alltrue([for hostname in var.hostnames : contains(["free", "upload", "none"], hostname.certificate)])
    error_message = "certificate is free, upload or none."
  }

  # The hostname is also the name of the certificate's file, which must stay in its folder.
  validation {
    condition     = alltrue([for hostname in keys(var.hostnames) : can(regex("^[^/\\\\]+$", hostname))])
    error_message = "A hostname has no slash."
  }
}

variable "certificates" {
  description = "Folder of the certificates of hostnames with an uploaded one, each in <hostname>.pem."
  type        = string
  default     = "certificates"
}

variable "private_keys" {
  description = "PEMs of their private keys, by hostname. Only an apply needs them."
  type        = map(string)
  default     = {}
  ephemeral   = true
  sensitive   = true
}
