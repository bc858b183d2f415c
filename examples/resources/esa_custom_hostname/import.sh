# By the hostname's id:
terraform import esa_custom_hostname.free 4042843419650112

# By site and name:
terraform import esa_custom_hostname.free 890601022130656/shop.customer-a.com

# By site and the hostname's id:
terraform import esa_custom_hostname.free 890601022130656:4042843419650112
