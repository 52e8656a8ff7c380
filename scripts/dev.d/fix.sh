# shellcheck shell=bash
# Applies the format of .clang-format to every source file of ours.
verb_fix() {
  git ls-files -co --exclude-standard '*.cpp' '*.h' | xargs -r clang-format -i
}
