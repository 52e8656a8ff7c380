#include <string>
#include <vector>

#include "app/command_line.h"

int main(int count, char** arguments) {
    const std::vector<std::string> words(arguments, arguments + count);
    return fermata::app::run_command_line(words.empty() ? "fermata" : words.front(),
                                          {words.begin() + (words.empty() ? 0 : 1), words.end()});
}
