// Command terraform-provider-esa is the Terraform and OpenTofu provider for the
// custom hostnames of Alibaba Cloud ESA. The CLI starts it; a person does not.
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6/tf6server"

	"terraform-provider-esa/internal/provider"
)

// Releases set these with linker flags.
var (
	version = "dev"
	commit  = "none"
)

func main() {
	debug := flag.Bool("debug", false, "wait for a debugger such as delve, and print how to attach a CLI")
	printVersion := flag.Bool("version", false, "print the version and exit")
	flag.Parse()

	if *printVersion {
		fmt.Printf("terraform-provider-esa %s (commit %s)\n", version, commit)
		return
	}

	provider.PrepareProcess(*debug)
	var options []tf6server.ServeOpt
	if *debug {
		options = append(options, tf6server.WithManagedDebug())
	}
	if err := tf6server.Serve("registry.terraform.io/esa-provider/esa", provider.NewServer(version), options...); err != nil {
		log.Fatal(err)
	}
}
