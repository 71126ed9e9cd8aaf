#include "library.h"

#include <dlfcn.h>
#include <sys/stat.h>

namespace binding {
namespace {

// The factories have C++ names; these are the Itanium ABI's, of Linux and macOS.
struct Names {
    const char *file;
    const char *version;
    const char *create;
};
constexpr Names kMd{"libthostmduserapi_se.so", "_ZN15CThostFtdcMdApi13GetApiVersionEv",
                    "_ZN15CThostFtdcMdApi15CreateFtdcMdApiEPKcbbb"};
constexpr Names kTd{"libthosttraderapi_se.so", "_ZN19CThostFtdcTraderApi13GetApiVersionEv",
                    "_ZN19CThostFtdcTraderApi19CreateFtdcTraderApiEPKcb"};

constexpr const char *kCure =
    "install vnpy-ctp (python start.py setup ctp) or name the folder of your broker's libraries "
    "in ctp.libraries / 运行 python start.py setup ctp 安装，或在 ctp.libraries 中填写期货公司"
    "提供的动态库目录";

struct Library {
    std::string path;
    void *handle;
    std::string version;

    void *Symbol(const char *name) const {
        void *found = dlsym(handle, name);
        if (!found) throw LibraryProblem(path + " is no CTP library: it lacks " + name);
        return found;
    }
};

Library Load(const std::string &folder, const Names &names) {
    Library library{folder + "/" + names.file, nullptr, ""};
    struct stat found;
    if (stat(library.path.c_str(), &found)) {
        throw LibraryProblem("there is no " + library.path + ": " + kCure);
    }
    // Local: the two libraries export the same names, and must not serve each other's.
    library.handle = dlopen(library.path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library.handle) {
        throw LibraryProblem("cannot load " + library.path + " (" + dlerror() + "): " + kCure);
    }
    auto version = reinterpret_cast<const char *(*)()>(library.Symbol(names.version));
    const char *text = version();
    library.version = text ? text : "";
    return library;
}

Library Checked(const std::string &folder, const Names &names) {
    Library library = Load(folder, names);
    const std::string wanted = std::string("v") + CTP_ABI_VERSION;
    const std::string &got = library.version;
    // A neighbour's structs are shifted: wrong values without any error.
    const char after = got.size() > wanted.size() ? got[wanted.size()] : '_';
    if (got.rfind(wanted, 0) != 0 || after == '.' || (after >= '0' && after <= '9')) {
        throw LibraryProblem(library.path + " is CTP " + (got.empty() ? "of no version" : got) +
                             ", but " + wanted + " is needed: " + kCure);
    }
    return library;
}

template <class Api>
Api *Made(Api *api, const Library &library) {
    if (!api) throw LibraryProblem(library.path + " made no API object");
    return api;
}

}  // namespace

CThostFtdcMdApi *CreateMd(const std::string &folder, const std::string &flow, bool production) {
    const Library library = Checked(folder, kMd);
    using Create = CThostFtdcMdApi *(*)(const char *, bool, bool, bool);
    auto create = reinterpret_cast<Create>(library.Symbol(kMd.create));
    return Made(create(flow.c_str(), false, false, production), library);
}

CThostFtdcTraderApi *CreateTd(const std::string &folder, const std::string &flow,
                              bool production) {
    const Library library = Checked(folder, kTd);
    using Create = CThostFtdcTraderApi *(*)(const char *, bool);
    auto create = reinterpret_cast<Create>(library.Symbol(kTd.create));
    return Made(create(flow.c_str(), production), library);
}

std::string MdVersion(const std::string &folder) { return Load(folder, kMd).version; }
std::string TdVersion(const std::string &folder) { return Load(folder, kTd).version; }

}  // namespace binding
