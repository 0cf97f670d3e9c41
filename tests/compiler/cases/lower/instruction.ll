define internal i64 @"t.root"(i64 %".given.index") #0 {
".entry":
  %".local.index" = alloca i64
  store i64 %".given.index", ptr %".local.index"
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.index"
  %.2 = call {i64, i64} asm sideeffect "rdmsr", "={ax},={dx},{cx},~{dirflag},~{flags},~{fpsr}"(i64 %.1)
  %.3 = extractvalue {i64, i64} %.2, 0
  %.4 = extractvalue {i64, i64} %.2, 1
  call void asm sideeffect "movq $0, %cr3", "r,~{dirflag},~{flags},~{fpsr},~{memory}"(i64 %.3)
  store i64 %.3, ptr %.return.0
  br label %return
return:
  %.5 = load i64, ptr %.return.0
  ret i64 %.5
}
