define internal i64 @"t.poll"(ptr %".given.board", i64 %".given.value") #0 {
".entry":
  %".local.board" = alloca ptr
  store ptr %".given.board", ptr %".local.board"
  %".local.value" = alloca i64
  store i64 %".given.value", ptr %".local.value"
  %.return.0 = alloca i64
  br label %"b.entry"
"b.entry":
  %.1 = load i64, ptr %".local.value"
  %.2 = load ptr, ptr %".local.board"
  %.3 = getelementptr inbounds i8, ptr %.2, i64 12
  %.4 = trunc i64 %.1 to i32
  store volatile i32 %.4, ptr %.3, align 4
  %.5 = load ptr, ptr %".local.board"
  %.6 = load volatile i32, ptr %.5, align 4
  %.7 = zext i32 %.6 to i64
  store i64 %.7, ptr %.return.0
  br label %return
return:
  %.8 = load i64, ptr %.return.0
  ret i64 %.8
}
