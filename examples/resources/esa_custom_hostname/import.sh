# By the hostname's id:
terraform import esa_custom_hostname.free 4042843419650201

# By site and name:
terraform import esa_custom_hostname.free 4042843419650112/shop.customer-a.com

# By site and the hostname's id:
terraform import esa_custom_hostname.free 4042843419650112:4042843419650201
