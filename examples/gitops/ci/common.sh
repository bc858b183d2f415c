# Read by the other scripts: the folder they work in, and what none of them goes on without.
cd "$(dirname "$0")/.."
TF=${TF:-terraform}
# A plan holds what the state holds.
umask 077

# Terraform follows a link in tenants/ or certificates/, and the plan would show whatever file of the machine it leads to.
links=$(find . -name .git -prune -o -name .terraform -prune -o -type l -print)
[ -z "$links" ] || {
	echo "Symbolic links are refused, as the plan would show the files that they lead to. Put the files themselves in place of:" >&2
	echo "$links" >&2
	exit 1
}

# init installs what the lock file of a folder names, and nothing else.
init() {
	[ -f "$1/.terraform.lock.hcl" ] || {
		echo "There is no $1/.terraform.lock.hcl. Run ci/lock.sh, look at what it wrote, and commit it." >&2
		exit 1
	}
	folder=$1
	shift
	"$TF" -chdir="$folder" init -input=false -lockfile=readonly "$@"
}
