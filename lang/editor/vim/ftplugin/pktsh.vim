" SPDX-License-Identifier: Apache-2.0
setlocal commentstring=#\ %s
setlocal comments=:#
setlocal shiftwidth=2 softtabstop=2 expandtab
" neovim's own client serves the buffer where `pktsh` is on the PATH.
if has('nvim') && executable('pktsh')
  lua << EOF
  if vim.lsp.start ~= nil then
    local first = vim.fs.dirname(vim.api.nvim_buf_get_name(0))
    vim.lsp.start({ name = 'pktsh', cmd = { 'pktsh', 'lsp' }, root_dir = first })
  end
EOF
endif
