# Sourced by the other scripts: their folder, and common checks.
cd "$(dirname "$0")/.."
TF=${TF:-terraform}
# A plan contains everything that the state contains.
umask 077

# Terraform follows links in tenants/ and certificates/, so a plan could show any file of the machine.
links=$(find . -name .git -prune -o -name .terraform -prune -o -type l -print)
[ -z "$links" ] || {
	echo "Symbolic links are refused, as the plan would show the files that they lead to. Put the files themselves in place of:" >&2
	echo "$links" >&2
	exit 1
}

# init installs exactly what the lock file of a folder names.
init() {
	[ -f "$1/.terraform.lock.hcl" ] || {
		echo "There is no $1/.terraform.lock.hcl. Run ci/lock.sh, look at what it wrote, and commit it." >&2
		exit 1
	}
	folder=$1
	shift
	"$TF" -chdir="$folder" init -input=false -lockfile=readonly "$@"
}
