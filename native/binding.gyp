{
  # The addon, and the lab helper: a small executable of its own, since a running Node cannot enter another user namespace.
  "target_defaults": {
    "cflags_cc!": ["-std=gnu++17", "-std=gnu++20"],
    "cflags_cc": ["-std=c++20", "-Wall", "-Wextra", "-fvisibility=hidden"],
    "cflags": ["-O2"],
  },
  "targets": [
    {
      "target_name": "pktsh",
      "sources": ["<!@(node -p \"require('fs').readdirSync('src').filter((name) => name.endsWith('.cc')).map((name) => 'src/' + name).join(' ')\")"],
      "dependencies": ["<!(node -p \"require('node-addon-api').targets\"):node_addon_api"],
      # The native tests run with assertions, in every build; each turn of a sender would pay 0.6 ns for them.
      "defines": [
        "NDEBUG",
        "NAPI_VERSION=9",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        "NODE_ADDON_API_REQUIRE_BASIC_FINALIZERS",
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ]
    },
    {
      "target_name": "pktsh-lab",
      "type": "executable",
      "sources": ["<!@(node -p \"require('fs').readdirSync('src/lab').filter((name) => name.endsWith('.cc')).map((name) => 'src/lab/' + name).join(' ')\")"]
    }
  ]
}
