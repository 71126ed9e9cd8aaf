// The vendor's two libraries: loaded by path, each kept for the life of the process.
#pragma once
#include <stdexcept>
#include <string>

#include "ctp_api.h"

namespace binding {

class LibraryProblem : public std::runtime_error {
    using runtime_error::runtime_error;
};

// The folder's library, checked to be of this ABI. Throws LibraryProblem.
CThostFtdcMdApi *CreateMd(const std::string &folder, const std::string &flow, bool production);
CThostFtdcTraderApi *CreateTd(const std::string &folder, const std::string &flow, bool production);

// What the library of the folder calls itself.
std::string MdVersion(const std::string &folder);
std::string TdVersion(const std::string &folder);

}  // namespace binding
