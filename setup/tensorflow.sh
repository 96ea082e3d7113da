# shellcheck shell=bash
# What `bin/setup --tensorflow` does beside the rest.

set_up_tensorflow() {
  :
}
