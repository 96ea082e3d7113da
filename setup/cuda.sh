# shellcheck shell=bash
# What `bin/setup --cuda` does beside the rest.

set_up_cuda() {
  :
}
